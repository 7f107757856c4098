"""Snowflake Cortex."""

from sealink.providers.profile import Profile
from sealink.providers.vendor import Setting, Vendor

VENDOR = Vendor(
    name="snowflake",
    docs="https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
    profiles=(Profile("openai", "https://{account}.snowflakecomputing.com/api/v2/cortex/v1"),),
    key_variable="SNOWFLAKE_TOKEN",
    settings={"account": Setting(("SNOWFLAKE_ACCOUNT",))},
)
