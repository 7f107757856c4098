"""JSON objects whose values stay as they were on the wire, byte for byte, until one is read.

fields          objects and their values, of requests and of answers
request_fields  a client's request, with errors that name the field at fault
metadata        metadata of an answer, in the types that clients' SDKs have for it
"""
