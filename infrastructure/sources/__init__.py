"""Where datasets and models may be copied from, beside the files of this machine."""
