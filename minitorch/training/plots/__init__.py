"""Pictures of a run: learning curve, confusion matrix, first-layer filters, misclassified images.

matplotlib is imported when the first picture is drawn, and only its
object-oriented half, so no window system is needed and no global state changes.
"""

from minitorch.training.plots.confusion import plot_confusion
from minitorch.training.plots.curves import plot_learning_curve
from minitorch.training.plots.filters import filter_images, first_filters, plot_filters
from minitorch.training.plots.sheets import displayable, plot_examples, plot_misclassified

__all__ = [
    "displayable",
    "filter_images",
    "first_filters",
    "plot_confusion",
    "plot_examples",
    "plot_filters",
    "plot_learning_curve",
    "plot_misclassified",
]
