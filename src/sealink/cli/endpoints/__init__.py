"""Commands that examine any OpenAI-compatible endpoint.

bench   how fast it streams
doctor  what the way to it does to streams
"""
