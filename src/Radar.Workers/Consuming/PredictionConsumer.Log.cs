using Microsoft.Extensions.Logging;
using Radar.Market.Models;

namespace Radar.Workers.Consuming;

internal sealed partial class PredictionConsumer
{
    [LoggerMessage(LogLevel.Information, "Reconciled {Model}: stored {Predictions} predictions that were missing in {Seconds:0.0} s")]
    private partial void LogReconciled(ModelId model, long predictions, double seconds);

    [LoggerMessage(LogLevel.Information, "Reading for {Model} from topic {Topic} at {Offset}")]
    private partial void LogAssigned(ModelId model, string topic, string offset);

    [LoggerMessage(LogLevel.Information, "Filled {Count} predictions of {Model} from the candle table")]
    private partial void LogFilled(ModelId model, int count);

    [LoggerMessage(LogLevel.Warning, "Begins again from the table for {Model}: it holds other candles than were predicted from")]
    private partial void LogBeginsAgain(ModelId model);

    [LoggerMessage(LogLevel.Warning, "Topic {Topic} of {Model} is another one now: the broker was replaced or forgot everything")]
    private partial void LogOtherTopic(ModelId model, string topic);

    [LoggerMessage(LogLevel.Warning, "Waiting for Kafka in {Model}: {Problem}")]
    private partial void LogBrokerAway(ModelId model, string problem);

    [LoggerMessage(LogLevel.Information, "Kafka is back for {Model}")]
    private partial void LogBrokerBack(ModelId model);

    [LoggerMessage(LogLevel.Error, "Unreadable record for {Model}: {Topic}[{Partition}] offset {Offset}: {Problem}. Kept in {File}")]
    private partial void LogUnreadable(ModelId model, string topic, int partition, long offset, string problem, string file);

    [LoggerMessage(LogLevel.Warning, "Could not write the predictions file of {Model}, trying again later: {Problem}")]
    private partial void LogCsvFailed(ModelId model, string problem);
}
