using System.Runtime.InteropServices;
using System.Text;

namespace Radar.Embedded.ClickHouse;

/// <summary>Texts in native memory, as the C interface wants lists of them: pointers and lengths side by side.</summary>
internal sealed unsafe class NativeTexts : IDisposable
{
    private readonly int _count;

    /// <summary>Copies the texts.</summary>
    public NativeTexts(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        Pointers = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*)); // Ends with null, as argument lists do.
        Lengths = (nuint*)NativeMemory.Alloc((nuint)_count + 1, (nuint)sizeof(nuint));
        for (var i = 0; i < _count; i++)
        {
            var length = Encoding.UTF8.GetByteCount(texts[i]);
            Pointers[i] = (byte*)NativeMemory.Alloc((nuint)length + 1);
            Encoding.UTF8.GetBytes(texts[i], new Span<byte>(Pointers[i], length));
            Pointers[i][length] = 0;
            Lengths[i] = (nuint)length;
        }
    }

    /// <summary>The texts, each with a zero at its end.</summary>
    public byte** Pointers { get; }

    /// <summary>Their bytes without the zero.</summary>
    public nuint* Lengths { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
        {
            NativeMemory.Free(Pointers[i]);
        }
        NativeMemory.Free(Pointers);
        NativeMemory.Free(Lengths);
    }
}
