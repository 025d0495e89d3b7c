namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// How sockets write the decimals that REST tells. A trade's id is made of its texts, so one that REST tells must be written as a socket would have;
/// trades that both told show how.
/// </summary>
internal sealed class Writing
{
    private static readonly Func<string, string>[] Ways = [text => text, Decimals.Shorten, Decimals.Fill];

    private readonly Lock _lock = new();
    private Func<string, string>? _way;
    private string? _sample;

    /// <summary>Takes note of how a socket writes.</summary>
    public void Note(string text)
    {
        if (_sample is null || (!Decimals.IsFilled(_sample) && _sample.Length < text.Length))
        {
            _sample = text;
        }
    }

    /// <summary>Looks at texts of the same trades.</summary>
    /// <returns>False: there is no way that fits them all.</returns>
    public bool Learn(IReadOnlyList<(string Told, string Socket)> pairs)
    {
        if (pairs.Count == 0)
        {
            return true;
        }
        lock (_lock)
        {
            // The one known first: several may fit a few texts.
            var fitting = Ways.Prepend(_way ?? Ways[0]).FirstOrDefault(way => pairs.All(pair => way(pair.Told) == pair.Socket));
            _way = fitting ?? _way;
            return fitting is not null;
        }
    }

    /// <summary>A text of REST in the sockets' way.</summary>
    public string Apply(string text) =>
        (_way ?? (_sample is null ? Ways[0] : Decimals.IsFilled(_sample) ? Decimals.Fill : Decimals.IsFilled(text) ? Decimals.Shorten : Ways[0]))(text);
}

/// <summary>The same of both numbers of a trade.</summary>
internal sealed class TradeWriting
{
    private readonly Writing _price = new();
    private readonly Writing _quantity = new();

    /// <summary>Takes note of how a socket writes.</summary>
    public void Note(TradeText trade)
    {
        _price.Note(trade.Price);
        _quantity.Note(trade.Quantity);
    }

    /// <summary>Looks at trades that both told.</summary>
    /// <returns>False: there is no way that fits them all.</returns>
    public bool Learn(IReadOnlyList<(TradeText Told, TradeText Heard)> pairs) =>
        _price.Learn([.. pairs.Select(pair => (pair.Told.Price, pair.Heard.Price))])
        & _quantity.Learn([.. pairs.Select(pair => (pair.Told.Quantity, pair.Heard.Quantity))]);

    /// <summary>A trade of REST in the sockets' way.</summary>
    public TradeText Apply(TradeText trade) => trade with { Price = _price.Apply(trade.Price), Quantity = _quantity.Apply(trade.Quantity) };
}
