"""Rules that Claude models follow wherever they are served. Pure functions of a request and a model's name.

models    which rules a model follows: limits, thinking, sampling, structured outputs
thinking  the thinking and the effort that a request asks for, and whose thinking may be sent back
sampling  the sampling parameters that a model takes
schema    JSON Schemas that constrained decoding can enforce
"""
