using Confluent.Kafka;
using Radar.Market.ClickHouse;

namespace Radar.Workers.Sinking;

/// <summary>A record of a batch: where its rows are, or why it has none.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="Timestamp">Its time, milliseconds since 1970, UTC.</param>
/// <param name="Value">Its bytes, kept until it is stored.</param>
/// <param name="FirstRow">The first of its rows.</param>
/// <param name="Rows">How many it has.</param>
/// <param name="Problem">Why it is to be set aside; null: it is not.</param>
internal readonly record struct SinkRecord(int Partition, long Offset, long Timestamp, byte[]? Value, int FirstRow, int Rows, string? Problem);

/// <summary>Records on their way into the table, with their rows ready to be sent.</summary>
internal sealed class SinkBatch(IRecordParser parser) : IDisposable
{
    private readonly List<SinkRecord> _records = [];
    private readonly Dictionary<int, long> _next = [];

    /// <summary>The rows.</summary>
    public RowBinaryBatch Rows { get; } = new();

    /// <summary>The records in the order they came.</summary>
    public IReadOnlyList<SinkRecord> Records => _records;

    /// <summary>For each partition the offset after the batch.</summary>
    public IReadOnlyDictionary<int, long> Next => _next;

    /// <summary>When the first record came, by the monotonic clock.</summary>
    public long Began { get; private set; }

    /// <summary>Bytes of the records.</summary>
    public long Bytes { get; private set; }

    /// <summary>Records to be set aside.</summary>
    public int Problems { get; private set; }

    /// <summary>Name of the block, where it must not be stored twice.</summary>
    public string? Token { get; set; }

    /// <summary>Adds a record with whatever rows it has.</summary>
    public void Add(ConsumeResult<byte[], byte[]> record, long now)
    {
        Began = _records.Count == 0 ? now : Began;
        var (first, timestamp, partition) = (Rows.Rows, record.Message.Timestamp.UnixTimestampMs, record.Partition.Value);
        var problem = parser.Parse(record.Message.Value, timestamp, partition, Rows);
        if (problem is not null)
        {
            Rows.TakeBackTo(first);
            Problems++;
        }
        _records.Add(new SinkRecord(partition, record.Offset.Value, timestamp, record.Message.Value, first, Rows.Rows - first, problem));
        _next[partition] = record.Offset.Value + 1;
        Bytes += record.Message.Value?.Length ?? 0;
    }

    /// <summary>Somebody else has this partition now, and reads these records again: its offset is not ours to tell.</summary>
    public void Disown(int partition) => _next.Remove(partition);

    /// <summary>Forgets everything; the buffers stay.</summary>
    public void Clear()
    {
        _records.Clear();
        _next.Clear();
        Rows.Clear();
        (Bytes, Problems, Token) = (0, 0, null);
    }

    public void Dispose() => Rows.Dispose();
}
