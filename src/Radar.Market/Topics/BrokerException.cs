using Confluent.Kafka;

namespace Radar.Market.Topics;

/// <summary>The broker did not do what was asked. The message names topic, broker and setting.</summary>
public sealed class BrokerException : Exception
{
    internal BrokerException(string message, Error error, Exception? cause = null)
        : base($"{message} ({error.Code}: {error.Reason})", cause) => Error = error;

    /// <summary>librdkafka's error.</summary>
    public Error Error { get; }

    /// <summary>Whether a record that was sent may be there all the same: the connection went before the broker's answer came.</summary>
    public bool MayHaveTaken { get; init; }

    /// <summary>Whether the same may succeed later: true of a broker that is away or slow, false of a record it refuses.</summary>
    public bool IsTransient => Error.Code is not (
        ErrorCode.MsgSizeTooLarge or ErrorCode.Local_InvalidArg or ErrorCode.TopicException or ErrorCode.InvalidMsg
        or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.SaslAuthenticationFailed
        or ErrorCode.PolicyViolation or ErrorCode.InvalidPartitions or ErrorCode.UnsupportedVersion or ErrorCode.Local_UnsupportedFeature);
}
