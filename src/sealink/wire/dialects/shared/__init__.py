"""Rules that several dialects follow.

claude            rules of Claude models, wherever they are served
unsupported       which features of a request are refused and which parameters dropped, by name
turns             a conversation in which user and assistant alternate
json_schema       JSON Schemas for models that know only a part of JSON Schema
tool_arguments    a tool call's arguments as an object, or as a custom tool's free text
custom_tools      custom tools as functions, for upstreams that have only these
media             what an image, a file or sound really is, whatever its declared type
data_url          images and files inline
prompt_text       a request's text, for estimating its tokens
flat_blocks       the blocks of a format that has none
forwarded_fields  a client's own request for an upstream of the same API
openai_request    what requests of OpenAI's APIs have in common: sampling parameters, parts of content
openai_errors     error bodies of OpenAI's APIs, written and read
openai_usage      token counts of OpenAI-compatible vendors
prompt_too_long   whether an error says that the prompt exceeds the context window
upstream_errors   an upstream's error as a SealinkError: its type, message and headers
"""
