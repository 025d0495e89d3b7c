namespace Radar.Market.Features;

/// <summary>Exponential mean that starts with its first value: y = (1 - alpha) * y + alpha * x.</summary>
internal struct Ewma(double alpha)
{
    private bool _started;
    private double _value;

    public double Push(double value)
    {
        _value = _started ? (1 - alpha) * _value + alpha * value : value;
        _started = true;
        return _value;
    }
}
