using System.Globalization;
using System.Text.RegularExpressions;

namespace Radar.Market.Models;

/// <summary>One version of a model for one coin, such as <c>BTCUSDT/lightgbm/v1</c>.</summary>
public sealed partial record ModelId
{
    /// <exception cref="ArgumentException">A part is malformed; the message names it and the accepted form.</exception>
    public ModelId(string crypto, string model, string version)
    {
        Crypto = Symbol.Check(crypto);
        Model = ModelForm().IsMatch(model)
            ? model
            : throw new ArgumentException($"'{model}' is not a model's name: use small letters, digits and underscores, such as lightgbm.");
        Version = VersionForm().IsMatch(version)
            ? version
            : throw new ArgumentException($"'{version}' is not a version: use v1, v2, v3 and so on.");
    }

    /// <summary>The coin's symbol.</summary>
    public string Crypto { get; }

    /// <summary>The model's name: <c>lightgbm</c>, <c>tst</c>.</summary>
    public string Model { get; }

    /// <summary>The version as written: <c>v1</c>.</summary>
    public string Version { get; }

    /// <summary>The version's number, from 1.</summary>
    public int Number => int.Parse(Version.AsSpan(1), CultureInfo.InvariantCulture);

    /// <summary>The prediction column of the coin's table: <c>lightgbm_1</c>.</summary>
    public string Column => $"{Model}_{Number}";

    /// <summary>The consumer's group at the broker: <c>lightgbm-v1-consumer</c>, with the coin in front for all but BTCUSDT.</summary>
    public string ConsumerGroup => Crypto == "BTCUSDT" ? $"{Model}-{Version}-consumer" : $"{Crypto}-{Model}-{Version}-consumer";

    /// <summary>Reads <c>BTCUSDT/lightgbm/v1</c>.</summary>
    /// <exception cref="ArgumentException">It is not three well-formed parts.</exception>
    public static ModelId Parse(string text) => text.Split('/') is [var crypto, var model, var version]
        ? new ModelId(crypto, model, version)
        : throw new ArgumentException($"'{text}' is not a model version: write it as BTCUSDT/lightgbm/v1.");

    /// <inheritdoc/>
    public override string ToString() => $"{Crypto}/{Model}/{Version}";

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,30}\z")]
    private static partial Regex ModelForm();

    [GeneratedRegex(@"\Av[1-9][0-9]{0,3}\z")]
    private static partial Regex VersionForm();
}
