namespace Radar.Market.Features;

/// <summary>The last values of a series. Each is written twice, so that any window of them lies in one piece.</summary>
internal sealed class Ring
{
    private readonly double[] _values;
    private readonly int _capacity;
    private int _next;

    public Ring(int capacity)
    {
        _capacity = capacity;
        _values = new double[2 * capacity];
        Array.Fill(_values, double.NaN);
    }

    public void Push(double value)
    {
        _values[_next] = value;
        _values[_next + _capacity] = value;
        _next = _next + 1 == _capacity ? 0 : _next + 1;
    }

    /// <summary>The newest <paramref name="count"/> values, oldest first; NaN where there were fewer.</summary>
    public ReadOnlySpan<double> Last(int count) => _values.AsSpan(_next + _capacity - count, count);

    /// <summary>The value <paramref name="rows"/> rows before the newest; NaN where there is none.</summary>
    public double Back(int rows) => _values[_next + _capacity - 1 - rows];
}
