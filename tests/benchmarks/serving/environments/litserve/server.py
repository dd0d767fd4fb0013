"""`python server.py PORT`: the model in the directory served by LitServe, features by name."""

import sys

import lightgbm as lgb
import litserve
import numpy as np


class Risk(litserve.LitAPI):
    """Decodes, predicts and encodes one row."""

    def setup(self, device):
        self.booster = lgb.Booster(model_file="model.txt")
        self.names = self.booster.feature_name()

    def decode_request(self, request):
        return np.array([[request["features"][name] for name in self.names]])

    def predict(self, x):
        return self.booster.predict(x)

    def encode_response(self, output):
        return {"probability": float(output[0])}


if __name__ == "__main__":
    served = litserve.LitServer(Risk(), accelerator="cpu", workers_per_device=1, fast_queue=True)
    served.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
