"""The same model behind the handler of a tutorial: one request, one prediction."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from fastapi import FastAPI

import pellucid

app = FastAPI()
model = pellucid.load(os.environ["MODEL"])


@app.post("/predict")
async def predict(body: dict[str, Any]) -> dict[str, Any]:
    """Predict the records of one request."""
    return {"predictions": model.predict(body["records"]).to_list()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False, log_level="warning")
