namespace Radar.Market.Binance;

/// <summary>The exchange refused a call for good: trying again does not help.</summary>
public sealed class BinanceException(int status, int code, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>Binance's own code, such as -1121 for an unknown symbol; 0 when it gave none.</summary>
    public int Code { get; } = code;
}
