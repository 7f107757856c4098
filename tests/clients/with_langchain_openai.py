"""LangChain with langchain-openai, over chat completions: a stream and a tool loop."""

import on_langchain
import scenario
from langchain_openai import ChatOpenAI

on_langchain.run(
    lambda model: ChatOpenAI(model=model, base_url=f"{scenario.URL}/v1", api_key=scenario.KEY, max_retries=0)
)
