using System.Globalization;
using System.Text;
using System.Text.Json;
using Radar.Market.Candles;

namespace Radar.Market.Predictions;

/// <summary>Rows of an export as CSV or JSON, gathered until they are flushed.</summary>
internal sealed class ExportSink : IDisposable
{
    private readonly Stream _output;
    private readonly string[] _columns;
    private readonly MemoryStream _buffer = new();
    private readonly StreamWriter? _csv;
    private readonly Utf8JsonWriter? _json;
    private int _column;
    private bool _inRow;

    public ExportSink(Stream output, ExportFormat format, string[] columns)
    {
        (_output, _columns) = (output, columns);
        if (format == ExportFormat.Csv)
        {
            _csv = new StreamWriter(_buffer, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
            _csv.Write("open_time," + string.Join(',', columns));
        }
        else
        {
            _json = new Utf8JsonWriter(_buffer);
            _json.WriteStartArray();
        }
    }

    public void Row(long openTime)
    {
        EndRow();
        _column = 0;
        _csv?.Write("\n" + openTime.ToString(CultureInfo.InvariantCulture));
        _json?.WriteStartObject();
        _json?.WriteNumber("open_time", openTime);
        _inRow = true;
    }

    public void Number(double value) => Value(double.IsFinite(value) ? NumberText.Format(value) : null);

    public void Integer(long? value) => Value(value?.ToString(CultureInfo.InvariantCulture));

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_csv is not null)
        {
            await _csv.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        if (_json is not null)
        {
            await _json.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        await _output.WriteAsync(_buffer.GetBuffer().AsMemory(0, (int)_buffer.Length), cancellationToken).ConfigureAwait(false);
        _buffer.SetLength(0);
    }

    public async Task EndAsync(CancellationToken cancellationToken)
    {
        EndRow();
        _csv?.Write("\n");
        _json?.WriteEndArray();
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _csv?.Dispose();
        _json?.Dispose();
        _buffer.Dispose();
    }

    private void EndRow()
    {
        if (_inRow)
        {
            _json?.WriteEndObject();
            _inRow = false;
        }
    }

    private void Value(string? text)
    {
        _csv?.Write(',');
        _csv?.Write(text);
        if (_json is not null)
        {
            _json.WritePropertyName(_columns[_column]);
            _json.WriteRawValue(text ?? "null", skipInputValidation: true);
        }
        _column++;
    }
}
