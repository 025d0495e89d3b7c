using System.Text;

namespace Radar.Market.Models;

/// <summary>
/// Takes the ZipMap node out of an ONNX model. It turns the probability tensor into a list of small maps, one a row, which costs more to
/// build and to read than the whole forest to evaluate. A model without one, or whose classes are not 0, 1, 2, comes back unchanged.
/// </summary>
internal static class ZipMapRemoval
{
    // Field numbers of ONNX's protobuf messages.
    private const int ModelGraph = 7, GraphNode = 1, GraphOutput = 12, ValueName = 1;
    private const int NodeInput = 1, NodeOutput = 2, NodeType = 4, NodeAttribute = 5, AttributeName = 1, AttributeInts = 8;

    public static byte[] Apply(byte[] model)
    {
        foreach (var field in ProtoField.Read(model))
        {
            if (field.Number == ModelGraph && FindZipMap(field.Content) is { } zipMap)
            {
                var graph = WithoutZipMap(field.Content, zipMap);
                return Rewrite(model, f => f.Number == ModelGraph ? ProtoField.Write(ModelGraph, graph) : f.Whole);
            }
        }
        return model;
    }

    private sealed record ZipMap(string Tensor, string Maps);

    private static ZipMap? FindZipMap(ReadOnlyMemory<byte> graph)
    {
        foreach (var node in ProtoField.Read(graph).Where(f => f.Number == GraphNode))
        {
            var fields = ProtoField.Read(node.Content).ToArray();
            if (Text(fields, NodeType) == "ZipMap" && fields.Where(f => f.Number == NodeAttribute).Any(HasOurClasses))
            {
                return new ZipMap(Text(fields, NodeInput)!, Text(fields, NodeOutput)!);
            }
        }
        return null;
    }

    private static bool HasOurClasses(ProtoField attribute)
    {
        var fields = ProtoField.Read(attribute.Content).ToArray();
        return Text(fields, AttributeName) == "classlabels_int64s"
            && fields.Where(f => f.Number == AttributeInts).SelectMany(f => f.Integers()).SequenceEqual([0L, 1L, 2L]);
    }

    private static byte[] WithoutZipMap(ReadOnlyMemory<byte> graph, ZipMap zipMap) => Rewrite(graph, field =>
    {
        var fields = field.Number is GraphNode or GraphOutput ? ProtoField.Read(field.Content).ToArray() : [];
        return field.Number switch
        {
            GraphNode when Text(fields, NodeType) == "ZipMap" && Text(fields, NodeOutput) == zipMap.Maps => default,
            GraphOutput when Text(fields, ValueName) == zipMap.Maps => ProtoField.Write(GraphOutput, FloatTensor(zipMap.Tensor)),
            _ => field.Whole,
        };
    });

    // ValueInfoProto { name = 1, type = 2 { tensor_type = 1 { elem_type = 1: FLOAT } } }
    private static byte[] FloatTensor(string name) =>
        [.. ProtoField.Write(ValueName, Encoding.UTF8.GetBytes(name)).Span, 0x12, 4, 0x0a, 2, 0x08, 1];

    private static byte[] Rewrite(ReadOnlyMemory<byte> message, Func<ProtoField, ReadOnlyMemory<byte>> field)
    {
        using var written = new MemoryStream(message.Length);
        foreach (var f in ProtoField.Read(message))
        {
            written.Write(field(f).Span);
        }
        return written.ToArray();
    }

    private static string? Text(ProtoField[] fields, int number)
    {
        var index = Array.FindIndex(fields, f => f.Number == number);
        return index < 0 ? null : Encoding.UTF8.GetString(fields[index].Content.Span);
    }
}
