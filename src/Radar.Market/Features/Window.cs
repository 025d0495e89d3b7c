namespace Radar.Market.Features;

/// <summary>Mean and deviation of one window, computed afresh from its values: sums that are carried along drift.</summary>
internal static class Window
{
    /// <summary>The mean, and the sum of squared deviations from it. A window of one same value has exactly that mean, and exactly 0.</summary>
    public static (double Mean, double Squares) Moments(ReadOnlySpan<double> values)
    {
        var mean = Mean(values);
        var squares = 0.0;
        foreach (var value in values)
        {
            var distance = value - mean;
            squares += distance * distance;
        }
        return (mean, squares);
    }

    public static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        var flat = true;
        foreach (var value in values)
        {
            sum += value;
            flat &= value == values[0];
        }
        return flat ? values[0] : sum / values.Length;
    }

    /// <summary>Standard deviation of a sample (n - 1).</summary>
    public static double SampleDeviation(ReadOnlySpan<double> values) => Math.Sqrt(Moments(values).Squares / (values.Length - 1));
}
