"""Texts, numbers and values that no program of ours writes, for files that are read."""

from hypothesis import strategies as st

scalars = st.none() | st.booleans() | st.integers(-3, 10**6) | st.floats() | st.text(max_size=9)
hostile_texts = st.sampled_from(
    (
        "",
        " ",
        "\x1b[2J\x1b]0;title\x07",
        "a\nb",
        "a\r\nb",
        "\x00",
        "\x0b\x0c\x85\u2028\u2029",
        "\u202eevil\u2066",
        "<img src=x onerror=alert(1)>",
        "</script><script>",
        "[x](javascript:alert(1))",
        "# heading | cell",
        "$\\frac{",
        "%s %n {0} {{ x }}",
        '"',
        "=1+1",
        "../../etc/passwd",
        "/",
        "ε" * 300,
        "x" * 200_000,
        "\ud800",
    )
)
hostile_numbers = st.sampled_from(
    (
        *(
            "nan",
            "NaN",
            "inf",
            "-inf",
            "Infinity",
            "null",
            "true",
            "1_000",
            "+1",
            " 1",
            "1 ",
            "0x10",
            "1e400",
        ),
        *("1" + "0" * 400, "9" * 4000, "9" * 5000, "9" * 30, "-1", "-0", "1.5", "1e3", "0.1e1", "12", ""),
        *("１２", "٣", "1\x0c", "1\u2028", "1\x85", "1;2", "1,2", '"1"', '"1\n2"', "1e-400", str(2**53 + 1)),
    )
)
odd_values = hostile_texts | st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
