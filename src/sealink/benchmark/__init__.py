"""How fast OpenAI-compatible endpoints stream, seen from a client: `sealink bench`.

chat_stream  one streamed chat completion, as a client receives it
model_list   the models that an endpoint lists
measurement  what one stream took, and many streams to several endpoints side by side
summary      many measurements in a few numbers
plain_text   what servers say, as a terminal may show it
terminal     a run, shown in a terminal
"""
