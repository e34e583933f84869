use crate::http::charges::lines::{Line, LineCutter};

/// The lines of `text` when it arrives in pieces of this size.
fn cut(text: &[u8], piece: usize, max_line_bytes: usize) -> Vec<String> {
    let mut cutter = LineCutter::new(max_line_bytes);
    let mut lines = Vec::new();
    let mut keep = |line: Line<'_>| {
        lines.push(match line {
            Line::Whole(line) => String::from_utf8(line.to_vec()).unwrap(),
            Line::TooLong => "TOO LONG".to_owned(),
        });
    };
    for mut piece in text.chunks(piece) {
        while !piece.is_empty() {
            piece = cutter.cut(piece, &mut keep);
        }
    }
    cutter.finish(&mut keep);
    lines
}

#[test]
fn lines_are_the_same_however_they_arrive() {
    let text = b"\xEF\xBB\xBFone\r\n\r\n  \t\n{\"two\":2}\nthis one is much too long\nfits-it-10\nfits-it-10\r\nmore-is-11!\n\nlast";
    let expected = ["one", "{\"two\":2}", "TOO LONG", "fits-it-10", "fits-it-10", "TOO LONG", "last"];
    for piece in 1..=text.len() {
        assert_eq!(cut(text, piece, 10), expected, "in pieces of {piece}");
    }
}

#[test]
fn the_end_of_the_stream_ends_a_line() {
    for piece in 1..8 {
        assert_eq!(cut(b"", piece, 5), Vec::<String>::new());
        assert_eq!(cut(b"\n\n", piece, 5), Vec::<String>::new());
        assert_eq!(cut(b"a\nb", piece, 5), ["a", "b"]);
        assert_eq!(cut(b"a\n123456789", piece, 5), ["a", "TOO LONG"]);
        assert_eq!(cut(b"   ", piece, 5), Vec::<String>::new());
        assert_eq!(cut(b"a\r", piece, 5), ["a"]);
    }
}
