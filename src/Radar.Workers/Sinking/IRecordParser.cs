using Radar.Market.ClickHouse;

namespace Radar.Workers.Sinking;

/// <summary>Makes rows of a record's value.</summary>
internal interface IRecordParser
{
    /// <summary>Appends the rows of a value. What it appended before a failure is taken back by the caller.</summary>
    /// <param name="value">The value as it came.</param>
    /// <param name="timestamp">The record's, milliseconds since 1970, UTC.</param>
    /// <param name="partition">The record's.</param>
    /// <param name="rows">Where rows go.</param>
    /// <returns>Why the value cannot be stored; null: all is well, also where it needs no row.</returns>
    string? Parse(ReadOnlyMemory<byte> value, long timestamp, int partition, RowBinaryBatch rows);

    /// <summary>Whoever reads a partition from here on has not read what came before.</summary>
    void Forget(int partition);
}
