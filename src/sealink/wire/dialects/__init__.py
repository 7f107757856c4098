"""The wire formats, a folder for each. None knows of another but those that share a vendor's shapes.

openai_chat         OpenAI's Chat Completions, for clients and upstreams
openai_responses    OpenAI's Responses API, for both
anthropic_messages  Anthropic's Messages API, for both
bedrock_converse    Amazon Bedrock's Converse, for upstreams
cohere_chat         Cohere's chat, for upstreams
gemini_generate     Google's generateContent, for upstreams
ollama_chat         Ollama's chat, for upstreams
"""
