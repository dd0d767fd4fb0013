"""The adapters: what the ports of the application are realised with."""
