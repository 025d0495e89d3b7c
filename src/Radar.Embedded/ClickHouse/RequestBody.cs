using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Radar.Embedded.ClickHouse;

/// <summary>The bytes of a request as the engine shall see them: what the URL says, then the body, unpacked.</summary>
internal static class RequestBody
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Opens it.</summary>
    /// <exception cref="ChdbException">It is packed in a way that this server does not know.</exception>
    public static PipeReader Open(HttpRequest request, string text)
    {
        var body = Unpack(request.Body, request.Headers.ContentEncoding.ToString());
        // As ClickHouse does: a statement of the URL and one of the body are one text, with a line's end between.
        var stream = text.Length == 0 ? body : new Prefixed(Encoding.UTF8.GetBytes(text + "\n"), body);
        return PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, minimumReadSize: BufferBytes / 4));
    }

    private static Stream Unpack(Stream body, string encoding) => encoding switch
    {
        "" or "identity" => body,
        "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
        "deflate" => new ZLibStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        _ => throw new ChdbException(48, "NOT_IMPLEMENTED", $"Unknown compression method: {encoding}. The embedded server knows gzip, deflate and br."),
    };

    private sealed class Prefixed(ReadOnlyMemory<byte> prefix, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_prefix.Length == 0)
            {
                return rest.ReadAsync(buffer, cancellationToken);
            }
            var count = Math.Min(buffer.Length, _prefix.Length);
            _prefix[..count].CopyTo(buffer);
            _prefix = _prefix[count..];
            return ValueTask.FromResult(count);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
