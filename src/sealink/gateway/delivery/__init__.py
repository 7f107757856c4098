"""Delivery: how the bytes of a committed stream reach its client.

pump                     moves chunks from the upstream to the client
stream_timers            what is due after how much silence
client_stream            the client's end: headers once, whole frames, one ending
heartbeat                what the client is sent while the model is silent
finish_after_disconnect  reading on for the usage when the client has left
resume                   keeping a detached stream, for a client that comes back
unattended               the pace of streams that go on without a client
"""
