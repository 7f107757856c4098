"""Requests that are authorized by more than an API key: AWS (Signature Version 4) and Google Cloud (access tokens).

signing     which vendor's requests are signed how, and by which library
aws         signs with botocore; google: fetches tokens with google-auth
"""
