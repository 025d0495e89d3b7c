using Confluent.Kafka;

namespace Radar.Market.Topics;

/// <summary>
/// Publishes candles to the topic named after their symbol: idempotent, acknowledged by every replica, and awaited one by one. Not safe
/// for two callers at once.
/// </summary>
/// <param name="bootstrapServers">Brokers as host:port, comma separated.</param>
/// <param name="deliveryTimeout">How long a record may take to be acknowledged. The default is 15 seconds.</param>
public sealed class CandlePublisher(string bootstrapServers, TimeSpan? deliveryTimeout = null) : IDisposable
{
    private readonly TimeSpan _deliveryTimeout = deliveryTimeout ?? TimeSpan.FromSeconds(15);
    private IProducer<byte[], byte[]>? _producer;

    /// <summary>Publishes candles, oldest first, in as few records as their size allows, and waits until the broker has them all.</summary>
    /// <param name="symbol">The market; also the topic.</param>
    /// <param name="candles">Oldest first.</param>
    /// <param name="cancellationToken">Ends the waiting; what was handed over may still arrive.</param>
    /// <returns>Open time of the last candle, or null when there was none.</returns>
    /// <exception cref="BrokerException">A record was not acknowledged. Publish all of them again: readers know candles by open time.</exception>
    public async Task<long?> PublishAsync(string symbol, IReadOnlyList<Candle> candles, CancellationToken cancellationToken)
    {
        _producer ??= Build();
        long? last = null;
        foreach (var message in CandleMessage.Encode(symbol, candles))
        {
            try
            {
                await _producer.ProduceAsync(
                    symbol, new Message<byte[], byte[]> { Key = message.Key, Value = message.Value }, cancellationToken).ConfigureAwait(false);
                last = message.LastOpenTime;
            }
            catch (KafkaException refused)
            {
                if (refused.Error.IsFatal)
                {
                    Drop(); // An idempotent producer that lost its sequence says no more; the next call makes a new one.
                }
                throw new BrokerException(
                    $"{message.Count} candle(s) up to {Candles.CandleTime.Format(message.LastOpenTime)} were not acknowledged on topic '{symbol}' by " +
                    $"'{bootstrapServers}' (Radar:Kafka:BootstrapServers)", refused.Error, refused);
            }
        }
        return last;
    }

    /// <inheritdoc/>
    public void Dispose() => Drop();

    private void Drop()
    {
        _producer?.Dispose();
        _producer = null;
    }

    private IProducer<byte[], byte[]> Build() => new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrapServers,
        ClientId = "radar-candle-producer",
        EnableIdempotence = true,
        Acks = Acks.All,
        LingerMs = 1,
        CompressionType = CompressionType.Lz4,
        MessageTimeoutMs = (int)_deliveryTimeout.TotalMilliseconds,
        RequestTimeoutMs = (int)Math.Min(5_000, _deliveryTimeout.TotalMilliseconds),
        SocketConnectionSetupTimeoutMs = 5_000,
        SocketTimeoutMs = 30_000, // A broker that went without a word is given up.
        ReconnectBackoffMaxMs = 1_000,
        AllowAutoCreateTopics = false,
    })
    .SetErrorHandler((_, _) => { }) // Every error that matters comes back with its record.
    .SetLogHandler((_, _) => { })
    .Build();
}
