using System.Text;

namespace Radar.Market.Candles;

/// <summary>Lines for a file, and the open time of the last of them.</summary>
internal readonly record struct CsvLines(ReadOnlyMemory<byte> Text, long Last);

/// <summary>
/// A CSV file beside a table: PostgreSQL is the truth, the file follows. Live rows are appended; when older rows came in, the file is
/// rewritten once, by a temporary file and a rename. Rows that only the file has (an original keeps 180 days in its table and everything
/// in the file) stay. Nothing needs a lock: an append writes at the place where the file ended when it was last looked at, so that a
/// process which was replaced while it slept can only write the same lines to the same place.
/// </summary>
public abstract class TableCsv
{
    private readonly string _header;
    private long _length = -1;
    private long _last = long.MinValue;
    private bool _rewriteIsDue;

    private protected TableCsv(string path, string header) => (Path, _header) = (path, header);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>
    /// Brings the file level with the table: cuts off a line that a crash tore, appends what follows, rewrites where older rows differ in number, or the
    /// newest ones in what they say.
    /// </summary>
    /// <returns>Whether the file changed.</returns>
    /// <exception cref="InvalidDataException">The file exists and is not a CSV of ours.</exception>
    public async Task<bool> SyncAsync(CancellationToken cancellationToken)
    {
        _length = -1;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);
        RemoveLeftovers();
        var bounds = await BoundsAsync(cancellationToken).ConfigureAwait(false);
        var scan = CsvScan.Of(Path, bounds ?? default);
        var agrees = scan.Ascending && (bounds is not { } b || (
            scan.InsideTable == await CountAsync(new TimeRange(b.From, Math.Min(b.To, Math.Max(scan.Last, b.From - 1) + 1)), cancellationToken).ConfigureAwait(false)
            && await SaysTheSameAsync(scan.Newest, cancellationToken).ConfigureAwait(false)));
        if (_rewriteIsDue || !agrees || scan.Length == 0)
        {
            await RewriteAsync(bounds, cancellationToken).ConfigureAwait(false);
            return true;
        }
        (_length, _last) = (CsvTail.Repair(Path, scan.Length), scan.Last);
        var before = _length;
        await foreach (var lines in LinesAsync(new TimeRange(_last == long.MinValue ? _last : _last + 1, long.MaxValue), cancellationToken).ConfigureAwait(false))
        {
            await WriteAsync(lines, cancellationToken).ConfigureAwait(false);
        }
        return before != _length;
    }

    /// <summary>Writes the file anew from the table: after older rows changed.</summary>
    public async Task RewriteAsync(CancellationToken cancellationToken)
    {
        // Due until it succeeds, also where the table cannot be asked: whoever brings the file level next must not take it for level.
        (_rewriteIsDue, _length) = (true, -1);
        await RewriteAsync(await BoundsAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>First and last open time the table has, <c>To</c> being one beyond the last; null when it has none.</summary>
    private protected abstract Task<TimeRange?> BoundsAsync(CancellationToken cancellationToken);

    private protected abstract Task<long> CountAsync(TimeRange range, CancellationToken cancellationToken);

    private protected abstract IAsyncEnumerable<CsvLines> LinesAsync(TimeRange range, CancellationToken cancellationToken);

    /// <summary>Whether a line of the file, in whatever dialect, says what the table's line of the same time says. What the table does not know, only the file may.</summary>
    private protected abstract bool SaysTheSame(string file, string table);

    /// <summary>Appends lines that the table has already. Lines that the file has already are left out by <paramref name="newer"/>.</summary>
    private protected async Task AppendAsync(Func<long, CsvLines?> newer, CancellationToken cancellationToken)
    {
        if (_length < 0 || CsvTail.Length(Path) != _length)
        {
            await SyncAsync(cancellationToken).ConfigureAwait(false); // The table has these rows too.
            return;
        }
        if (newer(_last) is { } lines)
        {
            await WriteAsync(lines, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(CsvLines lines, CancellationToken cancellationToken)
    {
        var at = _length;
        _length = -1; // Unknown, should the write fail half-way: the next append looks again.
        using var file = File.OpenHandle(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await RandomAccess.WriteAsync(file, lines.Text, at, cancellationToken).ConfigureAwait(false);
        (_length, _last) = (at + lines.Text.Length, lines.Last);
    }

    private async Task<bool> SaysTheSameAsync(IReadOnlyCollection<(long OpenTime, string Line)> newest, CancellationToken cancellationToken)
    {
        if (newest.Count == 0)
        {
            return true;
        }
        using var rows = newest.GetEnumerator();
        await foreach (var lines in LinesAsync(new TimeRange(newest.First().OpenTime, newest.Last().OpenTime + 1), cancellationToken).ConfigureAwait(false))
        {
            foreach (var line in Encoding.UTF8.GetString(lines.Text.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!rows.MoveNext() || (rows.Current.Line != line && !SaysTheSame(rows.Current.Line, line)))
                {
                    return false;
                }
            }
        }
        return true;
    }

    private async Task RewriteAsync(TimeRange? bounds, CancellationToken cancellationToken)
    {
        (_rewriteIsDue, _length) = (true, -1);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);
        var outside = CsvScan.LinesOutside(Path, bounds);
        var last = long.MinValue;
        var temporary = $"{Path}.{Guid.NewGuid():n}.tmp";
        long length;
        await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16, useAsync: false))
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(_header + "\n"), cancellationToken).ConfigureAwait(false);
            await WriteOutsideAsync(outside.Where(l => bounds is null || l.OpenTime < bounds.Value.From)).ConfigureAwait(false);
            if (bounds is { } range)
            {
                // To the end, not to the bound: rows that came in meanwhile are in the table as well.
                await foreach (var lines in LinesAsync(range with { To = long.MaxValue }, cancellationToken).ConfigureAwait(false))
                {
                    await file.WriteAsync(lines.Text, cancellationToken).ConfigureAwait(false);
                    last = lines.Last;
                }
                await WriteOutsideAsync(outside.Where(l => l.OpenTime >= range.To && l.OpenTime > last)).ConfigureAwait(false);
            }
            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
            length = file.Length;

            async Task WriteOutsideAsync(IEnumerable<(long OpenTime, string Line)> lines)
            {
                foreach (var (openTime, line) in lines)
                {
                    await file.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken).ConfigureAwait(false);
                    last = openTime;
                }
            }
        }
        File.Move(temporary, Path, overwrite: true);
        (_length, _last, _rewriteIsDue) = (length, last, false);
    }

    // Temporary files of a rewrite that was killed. Of one that still runs elsewhere the rename then fails, and its process has lost its lease.
    private void RemoveLeftovers()
    {
        var full = System.IO.Path.GetFullPath(Path);
        foreach (var file in Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(full)!, System.IO.Path.GetFileName(full) + ".*.tmp"))
        {
            File.Delete(file);
        }
    }
}
