"""What is promised, measured: each benchmark prints a table and writes JSON.

`python -m benchmarks` lists them; `python -m benchmarks NAME --help` tells its options.
"""

BENCHMARKS = {
    "peers": "predictions against the conventional way and rival libraries on the same rows",
    "forecasting": "real series that packages ship, by rolling origin, beside classical ways",
    "sequences": "tokens a second beside the bare step, padding, and sentences written",
    "regression": "large tables of steps and interactions against tuned gradient boosting",
    "engine": "training and prediction speed against plain PyTorch loops",
    "first_minute": "CPU seconds from process start to the verdict on 1,000 rows",
    "cold_start": "start-up of the command line",
    "explanation": "CPU seconds to explain a row of each kind, and what recording costs",
    "pictures": "pictures decoded a second beside a DataLoader, and epochs on a warm store",
    "kernels": "wide convolutions, forward and backward, beside PyTorch's",
    "cifar": "CIFAR-10 beside a tutorial's Keras network and gradients with an SVM",
    "scale": "memory and time per row at 1 and 10 million rows",
    "serving": "the server under load against a naive handler, and a long hostile mix",
    "lab": "the lab in a browser: first page, pictures a second while it learns, stalls",
    "promises": "the budget kept, exact resume after a kill, byte-identical reproduction",
}
