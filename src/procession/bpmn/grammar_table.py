"""The grammar of BPMN 2.0 interchange files: which element may hold which, in what order, with which attributes.

One line a type: `name: type it extends | children in order | attributes`. Children are marked `?` (at most one), `*` (any
number), `+` (one or more), `2+`, or nothing (exactly one); `a/b` means either. A name in `GROUPS` stands for all its members.
Attributes are text unless they say `:bool`, `:int`, `:id`, `:idref` (must exist in the file), `:qname` or `:A,B` (one of); `!`
marks those that must be there. A line that begins with blanks goes on with the one before.
Source: OMG BPMN 2.0.2, chapter 15, and Diagram Definition 1.0.
"""

from __future__ import annotations

TYPES = """
baseElement: - | documentation* extensionElements? | id:id
definitions: - | import* extension* rootElement* BPMNDiagram* relationship* | id:id name targetNamespace!
    expressionLanguage typeLanguage exporter exporterVersion
import: - | | namespace! location! importType!
extension: - | documentation* | definition:qname mustUnderstand:bool
documentation: - | any | id:id textFormat
extensionElements: - | other* |
relationship: baseElement | source+ target+ | type! direction:None,Forward,Backward,Both

expression: baseElement | |
formalExpression: expression | | language evaluatesToTypeRef:qname
script: - | any |
text: - | any |

flowElement: baseElement | auditing? monitoring? categoryValueRef* | name
flowNode: flowElement | incoming* outgoing* |
activity: flowNode | ioSpecification? property* dataInputAssociation* dataOutputAssociation* resourceRole*
    loopCharacteristics? | isForCompensation:bool startQuantity:int completionQuantity:int default:idref
task: activity | |
manualTask: task | |
userTask: task | rendering* | implementation
serviceTask: task | | implementation operationRef:qname
sendTask: task | | implementation messageRef:qname operationRef:qname
receiveTask: task | | implementation instantiate:bool messageRef:qname operationRef:qname
businessRuleTask: task | | implementation
scriptTask: task | script? | scriptFormat
callActivity: activity | | calledElement
subProcess: activity | laneSet* flowElement* artifact* | triggeredByEvent:bool
transaction: subProcess | | method
adHocSubProcess: subProcess | completionCondition? | cancelRemainingInstances:bool ordering:Parallel,Sequential

event: flowNode | property* |
catchEvent: event | dataOutput* dataOutputAssociation* outputSet? eventDefinition* eventDefinitionRef* | parallelMultiple:bool
throwEvent: event | dataInput* dataInputAssociation* inputSet? eventDefinition* eventDefinitionRef* |
startEvent: catchEvent | | isInterrupting:bool
intermediateCatchEvent: catchEvent | |
boundaryEvent: catchEvent | | cancelActivity:bool attachedToRef:qname!
intermediateThrowEvent: throwEvent | |
implicitThrowEvent: throwEvent | |
endEvent: throwEvent | |

gateway: flowNode | | gatewayDirection:Unspecified,Converging,Diverging,Mixed
exclusiveGateway: gateway | | default:idref
inclusiveGateway: gateway | | default:idref
parallelGateway: gateway | |
complexGateway: gateway | activationCondition? | default:idref
eventBasedGateway: gateway | | instantiate:bool eventGatewayType:Exclusive,Parallel
sequenceFlow: flowElement | conditionExpression? | sourceRef:idref! targetRef:idref! isImmediate:bool

eventDefinition: baseElement | |
cancelEventDefinition: eventDefinition | |
terminateEventDefinition: eventDefinition | |
compensateEventDefinition: eventDefinition | | waitForCompletion:bool activityRef:qname
conditionalEventDefinition: eventDefinition | condition |
errorEventDefinition: eventDefinition | | errorRef:qname
escalationEventDefinition: eventDefinition | | escalationRef:qname
linkEventDefinition: eventDefinition | source* target? | name!
messageEventDefinition: eventDefinition | operationRef? | messageRef:qname
signalEventDefinition: eventDefinition | | signalRef:qname
timerEventDefinition: eventDefinition | timeDate/timeDuration/timeCycle? |

multiInstanceLoopCharacteristics: baseElement | loopCardinality? loopDataInputRef? loopDataOutputRef? inputDataItem?
    outputDataItem? complexBehaviorDefinition* completionCondition? | isSequential:bool behavior:None,One,All,Complex
    oneBehaviorEventRef:qname noneBehaviorEventRef:qname
standardLoopCharacteristics: baseElement | loopCondition? | testBefore:bool loopMaximum:int
complexBehaviorDefinition: baseElement | condition event? |

callableElement: baseElement | supportedInterfaceRef* ioSpecification? ioBinding* | name
process: callableElement | auditing? monitoring? property* laneSet* flowElement* artifact* resourceRole*
    correlationSubscription* supports* | processType:None,Public,Private isClosed:bool isExecutable:bool
    definitionalCollaborationRef:qname
globalTask: callableElement | resourceRole* |
globalBusinessRuleTask: globalTask | | implementation
globalManualTask: globalTask | |
globalScriptTask: globalTask | script? | scriptLanguage
globalUserTask: globalTask | rendering* | implementation
message: baseElement | | name itemRef:qname
signal: baseElement | | name structureRef:qname
error: baseElement | | name errorCode structureRef:qname
escalation: baseElement | | name escalationCode structureRef:qname
itemDefinition: baseElement | | structureRef:qname isCollection:bool itemKind:Information,Physical
interface: baseElement | operation+ | name! implementationRef:qname
operation: baseElement | inMessageRef outMessageRef? errorRef* | name! implementationRef:qname
resource: baseElement | resourceParameter* | name!
resourceParameter: baseElement | | name type:qname isRequired:bool
category: baseElement | categoryValue* | name
categoryValue: baseElement | | value
endPoint: baseElement | |
partnerEntity: baseElement | participantRef* | name
partnerRole: baseElement | participantRef* | name
correlationProperty: baseElement | correlationPropertyRetrievalExpression+ | name type:qname
correlationPropertyRetrievalExpression: baseElement | messagePath | messageRef:qname!
correlationSubscription: baseElement | correlationPropertyBinding* | correlationKeyRef:qname!
correlationPropertyBinding: baseElement | dataPath | correlationPropertyRef:qname!
correlationKey: baseElement | correlationPropertyRef* | name

collaboration: baseElement | participant* messageFlow* artifact* conversationNode* conversationAssociation*
    participantAssociation* messageFlowAssociation* correlationKey* choreographyRef* conversationLink* | name
    isClosed:bool
participant: baseElement | interfaceRef* endPointRef* participantMultiplicity? | name processRef:qname
participantMultiplicity: baseElement | | minimum:int maximum:int
participantAssociation: baseElement | innerParticipantRef outerParticipantRef |
messageFlow: baseElement | | name sourceRef:qname! targetRef:qname! messageRef:qname
messageFlowAssociation: baseElement | | innerMessageFlowRef:qname! outerMessageFlowRef:qname!
laneSet: baseElement | lane* | name
lane: baseElement | partitionElement? flowNodeRef* childLaneSet? | name partitionElementRef:qname
childLaneSet: laneSet | |
partitionElement: baseElement | |

artifact: baseElement | |
association: artifact | | sourceRef:qname! targetRef:qname! associationDirection:None,One,Both
group: artifact | | categoryValueRef:qname
textAnnotation: artifact | text? | textFormat
auditing: baseElement | |
monitoring: baseElement | |
rendering: baseElement | |
property: baseElement | dataState? | name itemSubjectRef:qname
dataState: baseElement | | name
dataObject: flowElement | dataState? | itemSubjectRef:qname isCollection:bool
dataObjectReference: flowElement | dataState? | itemSubjectRef:qname dataObjectRef:idref
dataStoreReference: flowElement | dataState? | itemSubjectRef:qname dataStoreRef:qname
dataStore: baseElement | dataState? | name capacity:int isUnlimited:bool itemSubjectRef:qname
dataInput: baseElement | dataState? | name itemSubjectRef:qname isCollection:bool
dataOutput: dataInput | |
inputDataItem: dataInput | |
outputDataItem: dataInput | |
dataAssociation: baseElement | sourceRef* targetRef transformation? assignment* |
dataInputAssociation: dataAssociation | |
dataOutputAssociation: dataAssociation | |
assignment: baseElement | from to |
ioSpecification: baseElement | dataInput* dataOutput* inputSet+ outputSet+ |
ioBinding: baseElement | | operationRef:qname! inputDataRef:idref! outputDataRef:idref!
inputSet: baseElement | dataInputRefs* optionalInputRefs* whileExecutingInputRefs* outputSetRefs* | name
outputSet: baseElement | dataOutputRefs* optionalOutputRefs* whileExecutingOutputRefs* inputSetRefs* | name
resourceRole: baseElement | resourceRef? resourceParameterBinding* resourceAssignmentExpression? | name
performer: resourceRole | |
humanPerformer: resourceRole | |
potentialOwner: resourceRole | |
resourceAssignmentExpression: baseElement | expression |
resourceParameterBinding: baseElement | expression | parameterRef:qname!

diagramElement: - | di:extension? | id:id
BPMNDiagram: - | BPMNPlane BPMNLabelStyle* | name documentation resolution id:id
BPMNPlane: diagramElement | BPMNShape/BPMNEdge* | bpmnElement:qname
BPMNShape: diagramElement | Bounds BPMNLabel? | bpmnElement:qname isHorizontal:bool isExpanded:bool
    isMarkerVisible:bool isMessageVisible:bool participantBandKind choreographyActivityShape:qname
BPMNEdge: diagramElement | waypoint2+ BPMNLabel? | bpmnElement:qname sourceElement:qname targetElement:qname
    messageVisibleKind:initiating,non_initiating
BPMNLabel: diagramElement | Bounds? | labelStyle:qname
Bounds: - | | x:double! y:double! width:double! height:double!
waypoint: - | | x:double! y:double!
"""

# Elements whose names differ from their types'. `text` is plain text, `idref` text that must be an id of the file.
NAMED = {
    "expression": (
        "from to condition completionCondition activationCondition conditionExpression loopCardinality loopCondition"
        " timeDate timeDuration timeCycle"
    ),
    "formalExpression": "transformation dataPath messagePath",
    "qname": (
        "incoming outgoing supports supportedInterfaceRef loopDataInputRef loopDataOutputRef eventDefinitionRef"
        " operationRef inMessageRef outMessageRef errorRef participantRef interfaceRef endPointRef resourceRef"
        " categoryValueRef innerParticipantRef outerParticipantRef correlationPropertyRef choreographyRef source target"
    ),
    "idref": (
        "flowNodeRef dataInputRefs dataOutputRefs optionalInputRefs optionalOutputRefs whileExecutingInputRefs"
        " whileExecutingOutputRefs inputSetRefs outputSetRefs sourceRef targetRef"
    ),
}

GROUPS = {
    "flowElement": (
        "task manualTask userTask serviceTask sendTask receiveTask businessRuleTask scriptTask callActivity subProcess"
        " transaction adHocSubProcess startEvent intermediateCatchEvent boundaryEvent intermediateThrowEvent"
        " implicitThrowEvent endEvent event exclusiveGateway inclusiveGateway parallelGateway complexGateway"
        " eventBasedGateway sequenceFlow dataObject dataObjectReference dataStoreReference callChoreography"
        " choreographyTask subChoreography"
    ),
    "artifact": "association group textAnnotation",
    "eventDefinition": (
        "cancelEventDefinition terminateEventDefinition compensateEventDefinition conditionalEventDefinition"
        " errorEventDefinition escalationEventDefinition linkEventDefinition messageEventDefinition"
        " signalEventDefinition timerEventDefinition"
    ),
    "rootElement": (
        "process globalTask globalBusinessRuleTask globalManualTask globalScriptTask globalUserTask message signal error"
        " escalation itemDefinition interface resource category endPoint partnerEntity partnerRole correlationProperty"
        " collaboration choreography globalChoreographyTask globalConversation dataStore cancelEventDefinition"
        " terminateEventDefinition compensateEventDefinition conditionalEventDefinition errorEventDefinition"
        " escalationEventDefinition linkEventDefinition messageEventDefinition signalEventDefinition"
        " timerEventDefinition"
    ),
    "resourceRole": "resourceRole performer humanPerformer potentialOwner",
    "loopCharacteristics": "multiInstanceLoopCharacteristics standardLoopCharacteristics",
    "expression": "expression formalExpression",
    "conversationNode": "conversation callConversation subConversation",
}
