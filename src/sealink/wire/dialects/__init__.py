"""The wire formats, a folder for each, in which each role has the same file name (tests/project/test_dialect_roles.py).

What several of them need is in `shared`. `client/` is what clients send and get, `upstream/` what upstreams do.

openai_chat         OpenAI's Chat Completions, for clients and upstreams
openai_responses    OpenAI's Responses API, for both
anthropic_messages  Anthropic's Messages API, for both
bedrock_converse    Amazon Bedrock's Converse, for upstreams; Claude's own fields are Anthropic's there, too
cohere_chat         Cohere's chat, for upstreams
gemini_generate     Google's generateContent, for upstreams
ollama_chat         Ollama's chat, for upstreams
"""
