namespace Radar.Market.Predictions;

/// <summary>What one model version says of one candle: its raw outputs, probabilities for lightgbm and logits for tst.</summary>
/// <param name="OpenTime">The candle, milliseconds UTC.</param>
/// <param name="Sell">Class 0.</param>
/// <param name="Hold">Class 1.</param>
/// <param name="Buy">Class 2.</param>
public readonly record struct Prediction(long OpenTime, double Sell, double Hold, double Buy)
{
    /// <summary>The same from three numbers in class order.</summary>
    public static Prediction Of(long openTime, ReadOnlySpan<double> classes) => new(openTime, classes[0], classes[1], classes[2]);
}

/// <summary>
/// Where a consumer goes on in a topic, stored in the same transaction as the predictions that got it there. Meaningless for another
/// incarnation of the topic.
/// </summary>
/// <param name="WorkerId">The consumer, such as <c>BTCUSDT/lightgbm/v1</c>.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Incarnation">Which topic of that name: see TopicIncarnation.</param>
/// <param name="NextOffset">The first offset that was not handled yet.</param>
public sealed record OffsetMark(string WorkerId, string Topic, int Partition, string Incarnation, long NextOffset);
