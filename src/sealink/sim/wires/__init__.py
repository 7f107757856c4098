"""Answers of the simulated model, written as each wire format has them, whole or streamed.

wire         the interface that the others implement
openai       Chat Completions
responses    OpenAI's Responses API
anthropic    Messages
gemini       generateContent
"""
