"""Rules that several dialects follow, in reading and in writing.

claude           rules of Claude models, wherever they are served
unsupported      parameters that an upstream cannot be sent are dropped, features are refused
request_checks   checks of a neutral request before it is written
json_schema      JSON Schemas for models that know only a part of it
call_arguments   a tool call's arguments as an object
free_text        custom tools as functions
data_url         images and files in URLs
prompt_text      the text of a request, for counting its tokens
flat_blocks      content blocks for formats that have none
upstream_errors  an upstream's error with its status, type and headers
"""
