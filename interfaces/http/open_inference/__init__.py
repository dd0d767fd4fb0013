"""The Open Inference Protocol, version 2, under `/v2`: tensors in, tensors out, for all who speak it."""
