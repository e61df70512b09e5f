"""Networks on corrupted pictures: ``/jobs/{id}/robustness`` and ``/comparisons/{id}/robustness``."""
