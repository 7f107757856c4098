"""One upstream stream becomes one client stream.

lane           reads upstream bytes, writes client bytes, and ends every stream exactly once
handler        the protocols a lane is built from: Framer, Decoder, Encoder, StreamHandler
translator     a StreamHandler between two dialects: decode to events, encode for the client
template       recognises a frame that differs from the previous one only in its text
passage        … in a read of the socket, HTTP's chunk framing around it
plain_reads    the step of it that nearly every read takes; _plain_reads.c is the same in C
metered_handler a handler that ends its stream when nothing more may be spent on it
answer_framing tells by an answer's first bytes whether it is a stream or whole
outcome        what has been learned about an answer: usage, finish reasons, text, error
streamed_text  an answer's text so far, for counting its tokens
extras         SeaLink's own field in a stream's last frame
gathering      a stream read for a client who wants the whole answer
fold           a stream's events collected into one whole answer
plain_answer   a whole answer that is one text and nothing else

The other StreamHandler, passthrough, is for two ends of one dialect: see `upstream/passthrough.py` in the dialects.
"""
