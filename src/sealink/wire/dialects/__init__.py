"""The wire formats, one folder each. None imports another; what several need is in `shared`.

Each role has the same file name in every folder (tests/project/test_dialect_roles.py): `client/` is what clients send
and get, `upstream/` what upstreams are sent and answer.

openai_chat         OpenAI's Chat Completions, for clients and upstreams
openai_responses    OpenAI's Responses API, for both
anthropic_messages  Anthropic's Messages API, for both
bedrock_converse    Amazon Bedrock's Converse, for upstreams
cohere_chat         Cohere's chat, for upstreams
gemini_generate     Google's generateContent, for upstreams
ollama_chat         Ollama's chat, for upstreams
"""
