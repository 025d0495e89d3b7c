using Radar.Market.Topics;

namespace Radar.Workers.Sinking;

/// <summary>The topic began anew: its offsets mean other records now.</summary>
internal sealed class TopicBegunAnewException(string topic) : Exception($"Topic {topic} began anew.");

/// <summary>Which topic of a name a sink reads. Blocks of order books are named by offsets, and those of its successor are others.</summary>
/// <param name="options">Settings.</param>
/// <param name="incarnation">What the sink found at its start.</param>
internal sealed class TopicIdentity(SinkOptions options, string incarnation)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>See <see cref="TopicIncarnation"/>.</summary>
    public string Incarnation { get; } = incarnation;

    /// <summary>Asks the broker whether it still is the same. Blocks: it is called where the client waits for an answer.</summary>
    /// <exception cref="TopicBegunAnewException">It is not.</exception>
    /// <exception cref="BrokerException">The broker does not say.</exception>
    public void EnsureSame(CancellationToken cancellationToken)
    {
        var now = TopicIncarnation.ReadAsync(options.BootstrapServers, options.Topic, cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken).GetAwaiter().GetResult();
        if (now != Incarnation)
        {
            throw new TopicBegunAnewException(options.Topic);
        }
    }
}
