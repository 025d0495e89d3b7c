using Microsoft.ML.OnnxRuntime;

namespace Radar.Market.Models;

/// <summary>What a session's inputs and outputs look like, held against what Radar can feed and read.</summary>
internal static class ModelShape
{
    private const string Expected = "expected one float32 input of [N, 39] (features) or [N, 30, 7] (sequences)";

    public static ModelInput Input(InferenceSession session, string path)
    {
        if (session.InputMetadata.Count != 1)
        {
            throw new InvalidModelException(path, $"it has {session.InputMetadata.Count} inputs ({string.Join(", ", session.InputNames)}); {Expected}.");
        }
        var name = session.InputNames[0];
        var found = session.InputMetadata[name];
        return found switch
        {
            { IsTensor: true, Dimensions: [-1, 39] } when found.ElementType == typeof(float) => ModelInput.Features,
            { IsTensor: true, Dimensions: [-1, 30, 7] } when found.ElementType == typeof(float) => ModelInput.Sequence,
            _ => throw new InvalidModelException(path, $"its input '{name}' is {Describe(found)}; {Expected}."),
        };
    }

    // One output is the prediction. Of two, a classifier's first is the label and the second what is stored.
    public static (string Name, bool IsSequenceOfMaps) Output(InferenceSession session, string path)
    {
        var name = session.OutputNames[Math.Min(1, session.OutputNames.Count - 1)];
        var found = session.OutputMetadata[name];
        if (found.OnnxValueType == OnnxValueType.ONNX_TYPE_SEQUENCE)
        {
            return (name, true);
        }
        if (found.IsTensor && found.ElementType == typeof(float) && found.Dimensions is [] or [_, -1 or PredictionModel.Classes])
        {
            return (name, false);
        }
        throw new InvalidModelException(path, $"its output '{name}' is {Describe(found)}; expected float32 [N, 3] or a sequence of maps.");
    }

    private static string Describe(NodeMetadata found) => found.IsTensor
        ? $"{(found.ElementType == typeof(float) ? "float32" : found.ElementType.Name)} [{string.Join(", ", found.Dimensions.Select(d => d < 0 ? "N" : $"{d}"))}]"
        : $"{found.OnnxValueType}";
}
