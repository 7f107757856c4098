"""Requests to the simulated model: `parse_request` of each module makes an Ask (ask.py) of a body.

openai       Chat Completions
responses    OpenAI's Responses API
anthropic    Messages, and count_tokens
gemini       generateContent
"""
