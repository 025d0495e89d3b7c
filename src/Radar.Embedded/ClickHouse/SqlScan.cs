using System.Text;

namespace Radar.Embedded.ClickHouse;

/// <summary>Goes through the words of a statement, past comments, quoted texts and everything in brackets.</summary>
internal ref struct SqlScan(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;

    /// <summary>Where it is: just after what was read last.</summary>
    public int Position { get; private set; }

    /// <summary>Where what was read last begins.</summary>
    public int Start { get; private set; }

    /// <summary>Brackets that are open.</summary>
    public int Depth { get; private set; }

    /// <summary>Whether the text ended within a word, a quoted text or a comment: more of it may change what was read.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The next word in lower case or sign; null at the end. What is quoted comes as one sign with its quote first.</summary>
    public string? Next()
    {
        SkipBlanks();
        Start = Position;
        if (Position >= _text.Length)
        {
            IsCut = true;
            return null;
        }
        var first = _text[Position];
        if (IsWord(first))
        {
            while (Position < _text.Length && IsWord(_text[Position]))
            {
                Position++;
            }
            IsCut = Position == _text.Length;
            return Encoding.UTF8.GetString(_text[Start..Position]).ToLowerInvariant();
        }
        if (first is (byte)'\'' or (byte)'"' or (byte)'`')
        {
            SkipQuoted(first);
            return ((char)first).ToString();
        }
        Position++;
        Depth += first switch { (byte)'(' or (byte)'[' or (byte)'{' => 1, (byte)')' or (byte)']' or (byte)'}' => -1, _ => 0 };
        return ((char)first).ToString();
    }

    private static bool IsWord(byte letter) => letter is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z')
        or (>= (byte)'0' and <= (byte)'9') or (byte)'_' or >= 0x80;

    private void SkipBlanks()
    {
        while (Position < _text.Length)
        {
            var rest = _text[Position..];
            if (rest[0] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or (byte)'\v')
            {
                Position++;
            }
            else if (rest.StartsWith("--"u8) || rest.StartsWith("# "u8) || rest.StartsWith("#!"u8))
            {
                Skip(rest.IndexOf((byte)'\n'), 1);
            }
            else if (rest.StartsWith("/*"u8))
            {
                Skip(rest.IndexOf("*/"u8), 2);
            }
            else
            {
                return;
            }
        }
    }

    private void SkipQuoted(byte quote)
    {
        for (Position++; Position < _text.Length; Position++)
        {
            if (_text[Position] == (byte)'\\')
            {
                Position++;
            }
            else if (_text[Position] == quote)
            {
                // A doubled quote ends one quoted text and begins another, which comes to the same here.
                Position++;
                return;
            }
        }
        Position = _text.Length;
        IsCut = true;
    }

    private void Skip(int end, int length)
    {
        IsCut = end < 0;
        Position = end < 0 ? _text.Length : Position + end + length;
    }
}
