"""What `tf.metrics` takes, and the metrics of Keras that compute the same."""

from __future__ import annotations

PAIR = ("labels", "predictions", "weights", "metrics_collections", "updates_collections", "name")
#: The parameters of a mean, and of the area under a curve; all others have those of `PAIR`.
MEAN = ("values", "weights", *PAIR[3:])
AREA = (*PAIR[:3], "num_thresholds", *PAIR[3:5], "curve", "name", "summation_method")

#: Those that a class of Keras computes of labels and predictions.
CLASSES = {
    "root_mean_squared_error": "RootMeanSquaredError",
    "precision": "Precision",
    "recall": "Recall",
    "true_positives": "TruePositives",
    "true_negatives": "TrueNegatives",
    "false_positives": "FalsePositives",
    "false_negatives": "FalseNegatives",
    "auc": "AUC",
}
