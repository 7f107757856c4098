"""Does an endpoint speak its APIs as clients rely on it? `sealink doctor --conformance`.

rule           the shape of a rule, and what the rules look at: exchanges in one API
exchanges      what is asked, in each API
transport      rules of every stream: headers, line ends, nothing held back
chat           rules of Chat Completions
chat_tools     rules of tool calls in Chat Completions
messages       rules of Anthropic's Messages
responses_api  rules of OpenAI's Responses
models         rules of the list of models
scorecard      all rules, judged; printed in a terminal, or as JSON
"""
