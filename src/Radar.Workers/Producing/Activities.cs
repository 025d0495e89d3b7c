using Radar.Workers.Hosting;

namespace Radar.Workers.Producing;

/// <summary>What several parts of a worker are doing, as one phrase.</summary>
internal sealed class Activities(WorkerContext context)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _parts = new(StringComparer.Ordinal);

    /// <summary>One part's phrase; null: nothing worth saying.</summary>
    public void Set(string part, string? phrase)
    {
        lock (_gate)
        {
            if (phrase is null)
            {
                _parts.Remove(part);
            }
            else
            {
                _parts[part] = phrase;
            }
            context.Activity = _parts.Count == 0 ? null : string.Join("; ", _parts.Values);
        }
    }
}
