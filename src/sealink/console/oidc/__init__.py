"""Signing in by an OpenID Connect provider: authorization code with PKCE, state and nonce.

settings   [admin.oidc]
begun      a sign-in that was begun, as the browser's cookie keeps it; pure
admitted   who may use the console; pure
provider   what is asked of the provider, by authlib (the extra `sealink[oidc]`)
sign_in    all of them together

authlib is imported with the first sign-in, in a thread.
"""
