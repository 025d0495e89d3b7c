using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Radar.Workers.Sinking.Trades;

/// <summary>A decimal number as its digits: value = mantissa × 10^exponent. Products of two are exact, then rounded once.</summary>
internal readonly struct DecimalText
{
    private const int ProductDigits = 28; // As the original's decimal arithmetic keeps.
    private const ulong ExactDouble = 1UL << 53;
    private const int ShortDigits = 15; // Every number of so many is a double.
    private const int MostExponent = 4_096; // Beyond it nothing is a number of the trade.
    private static readonly double[] Powers = [.. Enumerable.Range(0, 23).Select(power => Math.Pow(10, power))];
    private static readonly UInt128 ProductLimit = UInt128.Parse("1" + new string('0', ProductDigits), CultureInfo.InvariantCulture);

    private readonly BigInteger _large;
    private readonly ulong _mantissa;
    private readonly int _exponent;
    private readonly bool _negative;
    private readonly bool _isLarge;

    private DecimalText(ulong mantissa, int exponent, bool negative) => (_mantissa, _exponent, _negative) = (mantissa, exponent, negative);

    private DecimalText(BigInteger large, int exponent, bool negative) => (_large, _exponent, _negative, _isLarge) = (large, exponent, negative, true);

    /// <summary>Reads digits with a point and an exponent, such as 82131.0000000000000000 or 1.6e-05.</summary>
    /// <returns>False: it is no such number.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, out DecimalText number) => TryReadShort(text, out number) || TryReadAny(text, out number);

    // As exchanges write them: digits, perhaps a point and digits, then zeros that say nothing.
    private static bool TryReadShort(ReadOnlySpan<byte> text, out DecimalText number)
    {
        number = default;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? default : text[(point + 1)..].TrimEnd((byte)'0');
        ulong mantissa = 0;
        if (whole.IsEmpty || whole.Length + fraction.Length > ShortDigits || !TryDigits(whole, ref mantissa) || !TryDigits(fraction, ref mantissa))
        {
            return false;
        }
        number = new DecimalText(mantissa, mantissa == 0 ? 0 : -fraction.Length, negative: false);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, ref ulong mantissa)
    {
        foreach (var letter in text)
        {
            var digit = (uint)(letter - '0');
            if (digit > 9)
            {
                return false;
            }
            mantissa = (mantissa * 10) + digit;
        }
        return true;
    }

    private static bool TryReadAny(ReadOnlySpan<byte> text, out DecimalText number)
    {
        number = default;
        var negative = text is [(byte)'-', ..];
        var rest = negative || text is [(byte)'+', ..] ? text[1..] : text;
        ulong mantissa = 0;
        int exponent = 0, zeros = 0, digits = 0, at = 0;
        var pointed = false;
        for (; at < rest.Length; at++)
        {
            var letter = rest[at];
            if (letter == '.' && !pointed)
            {
                pointed = true;
                continue;
            }
            var digit = (uint)(letter - '0');
            if (digit > 9)
            {
                break;
            }
            digits++;
            exponent -= pointed ? 1 : 0;
            if (digit == 0)
            {
                zeros++; // Only written once another digit follows.
                continue;
            }
            for (; zeros >= 0; zeros--)
            {
                if (mantissa > (ulong.MaxValue / 10) - 1)
                {
                    return TryReadLarge(rest, negative, out number);
                }
                mantissa *= 10;
            }
            mantissa += digit;
            zeros = 0;
        }
        if (digits == 0 || !TryExponent(rest[at..], out var shift))
        {
            return false;
        }
        number = new DecimalText(mantissa, mantissa == 0 ? 0 : exponent + zeros + shift, negative);
        return true;
    }

    /// <summary>The nearest double.</summary>
    public double ToDouble()
    {
        if (!_isLarge && _mantissa <= ExactDouble && _exponent is >= -22 and <= 22)
        {
            var exact = _exponent < 0 ? _mantissa / Powers[-_exponent] : _mantissa * Powers[_exponent];
            return _negative ? -exact : exact;
        }
        return Nearest(_isLarge ? _large : _mantissa, _exponent, _negative);
    }

    /// <summary>The product, exact to 28 digits, as the nearest double.</summary>
    public static double Product(in DecimalText left, in DecimalText right)
    {
        var negative = left._negative != right._negative;
        var exponent = left._exponent + right._exponent;
        if (!left._isLarge && !right._isLarge && (UInt128)left._mantissa * right._mantissa is var product && product < ProductLimit)
        {
            return product <= ulong.MaxValue ? new DecimalText((ulong)product, exponent, negative).ToDouble() : Nearest((BigInteger)product, exponent, negative);
        }
        var large = (left._isLarge ? left._large : left._mantissa) * (right._isLarge ? right._large : right._mantissa);
        return Nearest(Round(large, ref exponent), exponent, negative);
    }

    // To 28 digits, a half to the even neighbour.
    private static BigInteger Round(BigInteger value, ref int exponent)
    {
        var surplus = value.ToString(CultureInfo.InvariantCulture).Length - ProductDigits;
        if (surplus <= 0)
        {
            return value;
        }
        exponent += surplus;
        var unit = BigInteger.Pow(10, surplus);
        var whole = BigInteger.DivRem(value, unit, out var rest);
        var half = (rest * 2).CompareTo(unit);
        return half > 0 || (half == 0 && !whole.IsEven) ? whole + 1 : whole;
    }

    private static double Nearest(BigInteger mantissa, int exponent, bool negative) => double.Parse(
        $"{(negative ? "-" : "")}{mantissa.ToString(CultureInfo.InvariantCulture)}E{exponent.ToString(CultureInfo.InvariantCulture)}",
        NumberStyles.Float, CultureInfo.InvariantCulture);

    private static bool TryExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        return text.IsEmpty || (text is [(byte)'e' or (byte)'E', _, ..]
            && Utf8Parser.TryParse(text[1] == '+' ? text[2..] : text[1..], out exponent, out var used)
            && used == text.Length - (text[1] == '+' ? 2 : 1) && exponent is >= -MostExponent and <= MostExponent);
    }

    private static bool TryReadLarge(ReadOnlySpan<byte> text, bool negative, out DecimalText number)
    {
        number = default;
        var end = text.IndexOfAny((byte)'e', (byte)'E');
        var plain = Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        if (plain.Length > MostExponent || !TryExponent(end < 0 ? default : text[end..], out var exponent)
            || !BigInteger.TryParse(point < 0 ? plain : plain.Remove(point, 1), NumberStyles.None, CultureInfo.InvariantCulture, out var mantissa))
        {
            return false;
        }
        number = new DecimalText(mantissa, exponent - (point < 0 ? 0 : plain.Length - point - 1), negative);
        return true;
    }
}
