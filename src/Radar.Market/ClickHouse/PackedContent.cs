using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace Radar.Market.ClickHouse;

/// <summary>Rows on their way to the server, packed while they are sent.</summary>
internal sealed class PackedContent : HttpContent
{
    private readonly ReadOnlyMemory<byte> _rows;

    /// <summary>Content of these rows, which must not change until the request is done.</summary>
    public PackedContent(ReadOnlyMemory<byte> rows)
    {
        _rows = rows;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Headers.ContentEncoding.Add("gzip");
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var packed = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        await packed.WriteAsync(_rows, cancellationToken);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
