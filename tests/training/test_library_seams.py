"""What we rely on in TensorFlow and Keras that they do not document. A failure here says: the library moved."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops
from tensorflow.python.util import _pywrap_util_port

from normlab.training.compiled.tracing import forgotten_gradients

MOVED = "the library moved: "


def trace_a_custom_gradient() -> None:
    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def doubled(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        return 2 * x, lambda upstream: 2 * upstream

    tf.function(doubled, autograph=False).get_concrete_function(tf.TensorSpec(()))


def test_tensorflow_registers_each_traced_gradient_in_a_dictionary() -> None:
    registry = getattr(getattr(ops, "gradient_registry", None), "_registry", None)
    where = "compiled/tracing.py drops entries of ops.gradient_registry._registry"
    assert isinstance(registry, dict), (
        f"{MOVED}{where}, which is gone: see whether a trace is still kept for ever"
    )
    before = set(registry)
    with forgotten_gradients():
        trace_a_custom_gradient()
    assert set(registry) == before, f"{MOVED}{where}, and something stays"
    trace_a_custom_gradient()
    left = set(registry) - before
    assert left, f"{MOVED}{where}, and nothing is registered there any more: the module may be needless"
    for name in left:
        del registry[name]


def test_keras_dropout_draws_from_a_variable_that_can_be_set() -> None:
    layer = keras.layers.Dropout(0.5, seed=0)
    state = getattr(getattr(layer, "seed_generator", None), "state", None)
    why = "Program.reset sets the stream of a dropout layer by its seed_generator.state"
    assert state is not None, f"{MOVED}{why}, which is gone"
    assert tuple(state.shape) == (2,), f"{MOVED}{why}, which is no longer (seed, draws so far)"
    ones = tf.ones(1_000)
    drawn = []
    for _ in range(2):
        state.assign([7, 0])
        drawn.append(layer(ones, training=True).numpy())
        assert state.numpy()[1] > 0, f"{MOVED}{why}, whose second number no longer counts draws"
    np.testing.assert_array_equal(*drawn, err_msg=f"{MOVED}{why}, which no longer decides what is dropped")


def test_keras_cross_entropy_goes_back_from_a_softmax_to_its_logits() -> None:
    dense = keras.layers.Dense(2, activation="softmax")
    dense.build((None, 1))
    dense.set_weights([np.array([[100.0, -100.0]]), np.zeros(2)])
    call = tf.function(
        lambda x, y: keras.losses.sparse_categorical_crossentropy(y, dense(x)), autograph=False
    )
    loss = float(call(tf.ones((1, 1)), tf.constant([1]))[0])
    # From the probabilities alone, which are 1 and 0 here, it could not be more than -log(epsilon), which is 16.1.
    assert loss == 200.0, (
        f"{MOVED}the loss of a sure mistake is {loss}, not 200: it is cut off, and so is its gradient"
    )


def test_a_layers_policy_can_be_set_after_it_is_built() -> None:
    layer = keras.layers.Dense(1, dtype="mixed_bfloat16")
    layer(tf.ones((1, 1)))
    layer.dtype_policy = "float32"
    found = layer(tf.ones((1, 1))).dtype
    assert found == tf.float32, (
        f"{MOVED}full_precision sets dtype_policy, but a layer computes in {found.name} still"
    )


def test_convolutions_are_onednn_on_every_processor() -> None:
    assert _pywrap_util_port.IsMklEnabled(), (
        f"{MOVED}TF_ENABLE_ONEDNN_OPTS, which normlab/training/__init__.py sets, no longer turns oneDNN on"
    )
