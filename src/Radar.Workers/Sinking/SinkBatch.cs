using Radar.Market.ClickHouse;

namespace Radar.Workers.Sinking;

/// <summary>A record of a batch: where its rows are, or why it has none.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="Timestamp">Its time, milliseconds since 1970, UTC.</param>
/// <param name="Bytes">Where the batch keeps its value until it is stored; null: it has none.</param>
/// <param name="FirstRow">The first of its rows.</param>
/// <param name="Rows">How many it has.</param>
/// <param name="Problem">Why it is to be set aside; null: it is not.</param>
internal readonly record struct SinkRecord(int Partition, long Offset, long Timestamp, Range? Bytes, int FirstRow, int Rows, string? Problem);

/// <summary>Records on their way into the table, with their rows ready to be sent.</summary>
internal sealed class SinkBatch(IRecordParser parser, TimeProvider time) : IDisposable
{
    private const int FirstBytes = 64 * 1024;
    private readonly List<SinkRecord> _records = [];
    private readonly Dictionary<int, long> _next = [];
    private byte[] _values = [];
    private int _used;

    /// <summary>The rows.</summary>
    public RowBinaryBatch Rows { get; } = new();

    /// <summary>The records in the order they came.</summary>
    public IReadOnlyList<SinkRecord> Records => _records;

    /// <summary>For each partition the offset after the batch.</summary>
    public IReadOnlyDictionary<int, long> Next => _next;

    /// <summary>When the first record came, by the monotonic clock.</summary>
    public long Began { get; private set; }

    /// <summary>Bytes of the records.</summary>
    public long Bytes => _used;

    /// <summary>Records to be set aside.</summary>
    public int Problems { get; private set; }

    /// <summary>Records that were set aside while it was stored.</summary>
    public int Aside { get; set; }

    /// <summary>The block that it is made again of; null: it is a new one.</summary>
    public OpenBlock? Again { get; set; }

    /// <summary>Adds a record with whatever rows it has.</summary>
    public void Add(in TakenRecord record)
    {
        Began = _records.Count == 0 ? time.GetTimestamp() : Began;
        var first = Rows.Rows;
        var problem = parser.Parse(record.Value ?? default, record.Timestamp, record.Partition, Rows);
        if (problem is not null)
        {
            Rows.TakeBackTo(first);
            Problems++;
        }
        _records.Add(new SinkRecord(record.Partition, record.Offset, record.Timestamp, record.Value is { } value ? Keep(value.Span) : null, first, Rows.Rows - first, problem));
        _next[record.Partition] = record.Offset + 1;
    }

    /// <summary>A record's value as it came, in an array of its own.</summary>
    public byte[]? ValueOf(in SinkRecord record) => record.Bytes is { } bytes ? _values[bytes] : null;

    /// <summary>Somebody else has this partition now, and reads these records again: its offset is not ours to tell.</summary>
    public void Disown(int partition) => _next.Remove(partition);

    /// <summary>Forgets everything; the buffers stay.</summary>
    public void Clear()
    {
        _records.Clear();
        _next.Clear();
        Rows.Clear();
        (_used, Problems, Aside, Again) = (0, 0, 0, null);
    }

    public void Dispose() => Rows.Dispose();

    // One buffer for all: an array for each would outlive the youngest generation and be moved about.
    private Range Keep(ReadOnlySpan<byte> value)
    {
        if (_values.Length - _used < value.Length)
        {
            Array.Resize(ref _values, checked((int)Math.Max((long)_used + value.Length, Math.Clamp(_values.Length * 2L, FirstBytes, Array.MaxLength))));
        }
        value.CopyTo(_values.AsSpan(_used));
        var kept = _used..(_used + value.Length);
        _used = kept.End.Value;
        return kept;
    }
}
