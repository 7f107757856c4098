"""LangChain with langchain-anthropic."""

import on_langchain
import scenario
from langchain_anthropic import ChatAnthropic

on_langchain.run(
    lambda model: ChatAnthropic(
        model=model, base_url=scenario.URL, api_key=scenario.KEY, max_retries=0, max_tokens=1024
    )
)
