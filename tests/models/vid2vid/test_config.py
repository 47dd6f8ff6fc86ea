"""What follows from a generator's config: its scales, and the sizes that it takes."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError


def test_each_finer_scale_has_half_the_filters_and_twice_the_flow(micro):
    config = replace(
        micro, filters=128, foreground_filters=64, scales=3, downsamplings=3, blocks=9, local_blocks=3
    )
    scales = [config.scale(index) for index in range(3)]
    assert [s.filters for s in scales] == [128, 64, 32]
    assert [s.foreground_filters for s in scales] == [64, 32, 16]
    assert [s.flow_gain for s in scales] == [20, 40, 80]
    assert [s.downsamplings for s in scales] == [3, 1, 1]
    assert [(s.encoder_blocks, s.decoder_blocks, s.foreground_blocks) for s in scales] == [
        (5, 4, 9),
        (0, 3, 3),
        (0, 3, 3),
    ]
    assert {(s.label_channels, s.past_channels) for s in scales} == {(21, 6)}


def test_the_edge_map_is_one_more_channel(micro):
    assert micro.label_channels == 7
    assert replace(micro, edges=False).label_channels == 6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scales=st.integers(1, 4),
    downsamplings=st.integers(1, 4),
    rows=st.integers(1, 80),
    columns=st.integers(1, 80),
)
def test_the_size_that_an_error_proposes_is_one_that_fits(micro, scales, downsamplings, rows, columns):
    config = replace(micro, scales=scales, downsamplings=downsamplings)
    try:
        config.check_size(rows, columns)
    except InputError as error:
        width, height = map(int, str(error).rpartition(" ")[2].split("x"))
        config.check_size(height, width)
    else:
        assert rows % config.size_multiple == columns % config.size_multiple == 0


def test_sizes_that_do_not_fit_are_refused_with_the_nearest_that_does(micro):
    config = replace(micro, scales=3, downsamplings=2)
    config.check_size(512, 1024)
    with pytest.raises(
        InputError, match=r"1000x500 does not fit .* multiples of 16 and at least 32; .* is 992x496$"
    ):
        config.check_size(500, 1000)
    with pytest.raises(InputError, match="the nearest size is 32x32"):
        config.check_size(16, 16)


def test_the_first_frame_network_has_a_say_in_the_sizes(micro, first_frame):
    config = replace(micro, first_frame=replace(first_frame, downsamplings=4))
    assert micro.size_multiple == 4
    assert config.size_multiple == 16
    assert (
        replace(config, first_frame=replace(first_frame, kind="enhancer", downsamplings=4)).size_multiple
        == 32
    )
