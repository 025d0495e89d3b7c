namespace Radar.Market.ClickHouse;

/// <summary>What is to be done about a failed request.</summary>
public enum ClickHouseFault
{
    /// <summary>The server is away, busy or full: the same request may succeed later. Whether an insert was stored is not known.</summary>
    Transient,

    /// <summary>These rows can never be stored, whoever tries: part the batch and set the culprit aside.</summary>
    Rows,

    /// <summary>Nothing is wrong with the rows: table, rights, password or address are. A person must act; then the same request succeeds.</summary>
    Setup,
}

/// <summary>A request to ClickHouse failed; the message is the server's own, or says how it could not be reached.</summary>
public sealed class ClickHouseException : Exception
{
    /// <summary>Tells what failed.</summary>
    public ClickHouseException(ClickHouseFault fault, int code, string message, Exception? cause = null)
        : base(message, cause)
    {
        Fault = fault;
        Code = code;
    }

    /// <summary>What is to be done about it.</summary>
    public ClickHouseFault Fault { get; }

    /// <summary>ClickHouse's own code, such as 60 for an unknown table; 0 when the server gave none.</summary>
    public int Code { get; }

    /// <summary>Whether the same request may succeed later without anybody doing anything.</summary>
    public bool IsTransient => Fault == ClickHouseFault.Transient;
}
