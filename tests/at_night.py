"""Cases left to ``make test-nightly``, since the others of their table hold the same code: 3 to 25 seconds each.

Each is the beginning of a node id. Whole tests and tables have the marker ``nightly`` where they stand.
"""

CASES = (
    "tests/api/test_schemathesis.py::test_answers_are_as_the_document_says[negative-/comparisons",
    "tests/api/test_schemathesis.py::test_answers_are_as_the_document_says[negative-/models",
    "tests/comparisons/test_compare_command.py::test_what_was_trained_is_used_again",
    "tests/local/test_start_failures.py::test_a_password_in_a_url_with_a_mistake_is_not_shown[settings-worker",
    "tests/local/test_start_failures.py::test_a_password_in_a_url_with_a_mistake_is_not_shown[settings-migrations",
    "tests/local/test_start_failures.py::test_a_password_in_a_url_with_a_mistake_is_not_shown[database-worker",
    "tests/store/test_leases.py::test_processes_share_the_queue_without_taking_a_job_twice[sqlite",
    "tests/store/test_state_machine.py::test_whatever_happens_in_whatever_order[postgres-15",
    "tests/training/test_averages.py::test_as_keras_does[both",
    "tests/training/test_augmentation.py::test_arms_that_differ_elsewhere_are_trained_on_the_same_changed_pictures",
    "tests/training/test_options_in_mixed_precision.py::test_they_train_and_give_the_same_bits_again[mixed_bfloat16",
    "tests/training/test_population.py::test_the_figures_are_those_of_statistics_of_the_training_data[graph",
    "tests/training/test_probes.py::test_a_run_in_pieces_measures_each_point_once_and_the_same",
    "tests/training/test_runs.py::test_sixteen_bits[convolution-mixed_bfloat16",
    "tests/training/test_runs.py::test_sixteen_bits[dense-mixed_float16",
    "tests/training/test_same_as_fit_layers.py::test_layer_kinds[bounded",
    "tests/training/test_same_as_fit_optimizers.py::test_optimizers[adamw",
    "tests/training/test_same_as_fit_optimizers.py::test_optimizers[muon",
    "tests/training/test_same_as_fit_optimizers.py::test_optimizers[rmsprop",
    "tests/training/test_same_as_fit_optimizers.py::test_schedules[name-first_decay_epochs",
    "tests/training/test_uploaded_data.py::test_parts_are_the_same_whether_rows_are_mapped_or_copied[{}-off",
    "tests/worker/test_ended_processes.py::test_a_training_that_hangs_meets_its_deadline[sqlite",
    "tests/worker/test_ended_processes.py::test_a_training_that_needs_too_much_memory_fails[sqlite",
    "tests/worker/test_pool.py::test_a_child_is_replaced_after_its_jobs",
    "tests/worker/test_replaced_children.py::test_a_child_that_holds_too_much_is_replaced_between_two_jobs",
)
